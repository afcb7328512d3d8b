export type Duration = number | string;
export type ByteSize = number | string;
