export declare const REPORTS_PATH = "/.well-known/bulwark/reports";
