export interface Token {
    readonly id: string;
    readonly digest: string;
    readonly text: string;
}
