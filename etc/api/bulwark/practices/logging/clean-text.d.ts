export declare function cleanText(text: string, max: number): string;
export declare function redactText(text: string): string;
