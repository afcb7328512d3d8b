export interface HeaderLines {
    readonly entries: readonly (readonly [name: string, value: string])[];
    readonly text: string;
}
export interface Head {
    set(name: string, value: string): void;
    add(lines: HeaderLines): void;
}
