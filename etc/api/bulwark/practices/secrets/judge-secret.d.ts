export interface Weakness {
    readonly kind: 'development' | 'placeholder' | 'weak';
    readonly problem: string;
}
