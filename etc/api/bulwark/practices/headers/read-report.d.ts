export interface Violation {
    readonly kind: string;
    readonly directive: string;
    readonly blocked: string;
    readonly document: string;
    readonly disposition: string;
}
