export interface LineStream {
    write(line: string): unknown;
}
