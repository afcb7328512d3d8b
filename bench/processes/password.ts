/** OWASP's minimum: the same here and in the app. */
export const PARAMETERS = { memory: 19_456, time: 2 };
/** What everybody logs in with. */
export const PASSWORD = 'correct horse battery staple';
