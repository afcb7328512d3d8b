export interface Rotation {
    readonly rotated: boolean;
    readonly kid: string;
}
