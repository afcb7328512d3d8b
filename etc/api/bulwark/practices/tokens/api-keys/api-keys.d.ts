export interface NewApiKey {
    readonly owner: string;
    readonly scopes: readonly string[];
    readonly label?: string;
    readonly expiresAt?: Date;
}
export interface ApiKeyInfo {
    readonly id: string;
    readonly owner: string;
    readonly scopes: readonly string[];
    readonly label: string | undefined;
    readonly createdAt: Date;
    readonly expiresAt: Date;
    readonly lastUsedAt: Date | undefined;
}
export interface ApiKeys {
    create(key: NewApiKey): Promise<ApiKeyInfo & {
        readonly key: string;
    }>;
    verify(key: string): Promise<ApiKeyInfo>;
    list(owner: string): Promise<readonly ApiKeyInfo[]>;
    revoke(id: string, options?: {
        readonly owner?: string;
    }): Promise<boolean>;
}
