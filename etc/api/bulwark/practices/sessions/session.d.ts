import { Loaded } from './changes.ts';
import { SessionHandle } from './handle.ts';
export type Callback = (error?: unknown) => void;
export declare class Session {
    #private;
    [key: string]: unknown;
    readonly cookie: CookieView;
    constructor(handle: SessionHandle, cookie: CookieView, { data, values }: Loaded);
    get id(): string;
    regenerate(done?: Callback): Promise<void> | this;
    destroy(done?: Callback): Promise<void> | this;
    reload(done?: Callback): Promise<void> | this;
    save(done?: Callback): Promise<void> | this;
    touch(): this;
    resetMaxAge(): this;
}
export declare class CookieView {
    #private;
    originalMaxAge: number | null;
    readonly path = "/";
    readonly httpOnly = true;
    readonly secure: boolean;
    readonly sameSite: string;
    readonly partitioned: boolean;
    constructor(maxAge: number | null, flags: {
        readonly secure: boolean;
        readonly sameSite: string;
        readonly partitioned: boolean;
    });
    get maxAge(): number | null;
    set maxAge(value: number | null);
    get expires(): Date | null;
    set expires(value: Date | null | false);
    toJSON(): object;
}
