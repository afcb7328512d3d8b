export declare function apiKeyPattern(prefix?: string): RegExp;
export declare function isApiKey(text: unknown, prefix?: string): text is string;
