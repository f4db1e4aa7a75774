export function initFiles() {}
