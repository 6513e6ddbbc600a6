const AT_THE_TOP = /^(?:README|ARCHITECTURE|CONTRIBUTING|SECURITY)\.md$/;
const IN_FOLDERS = /^(?:docs|examples|bench)\/.*\.md$|^libs\/(?:redis-cache|worker-pool)\/README\.md$/;

/** Whether a file of the repository is a page of the site. */
export function isPage(file) {
  return AT_THE_TOP.test(file) || IN_FOLDERS.test(file);
}
