import { FileType } from './multipart-options.ts';
import { IncomingMessage } from 'node:http';
export interface UploadedFile {
    readonly field: string;
    readonly name: string;
    readonly clientName: string;
    readonly type: FileType;
    readonly size: number;
    readonly buffer?: Buffer;
    readonly path?: string;
    keep(): void;
}
export type UploadedFiles = Readonly<Record<string, readonly UploadedFile[] | undefined>>;
export declare function filesOf(req: IncomingMessage): UploadedFiles;
