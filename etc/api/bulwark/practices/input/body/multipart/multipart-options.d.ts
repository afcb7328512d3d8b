import { ByteSize } from '../../../../units.ts';
export declare const FILE_TYPES: readonly ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'image/heic', 'application/pdf', 'application/zip', 'audio/mpeg', 'audio/ogg', 'audio/wav', 'audio/flac', 'video/mp4', 'video/webm', 'video/quicktime'];
export type FileType = (typeof FILE_TYPES)[number];
export interface FileRule {
    readonly types: readonly [FileType, ...FileType[]];
    readonly limit?: ByteSize;
    readonly count?: number;
    readonly required?: boolean;
}
export interface MultipartOptions {
    readonly fields?: {
        readonly limit?: ByteSize;
        readonly count?: number;
        readonly nameLimit?: number;
    };
    readonly files?: Readonly<Record<string, FileRule>>;
    readonly directory?: string;
}
