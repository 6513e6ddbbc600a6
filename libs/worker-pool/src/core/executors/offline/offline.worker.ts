// Entry point of the threads: piscina calls the default export.
export { runSummaryJob as default } from './summary-job.js';
