export interface UrlOptions {
    readonly dangerouslyAllowEncodedSlash?: boolean;
    readonly dangerouslyAllowSemicolon?: boolean;
    readonly dangerouslyAllowDoubleSlash?: boolean;
    readonly dangerouslyAllowDoubleEncoding?: boolean;
    readonly dangerouslyAllowNeedlessEncoding?: boolean;
}
export interface QueryOptions {
    readonly parameterLimit?: number;
    readonly objects?: 'refuse' | 'allow';
    readonly duplicates?: 'allow' | 'refuse';
}
