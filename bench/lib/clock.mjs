/** Time of a clock that all processes of a machine share, in milliseconds. */
export const sharedNow = () => Number(process.hrtime.bigint()) / 1e6;
