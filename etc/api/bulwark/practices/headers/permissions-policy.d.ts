declare const NOBODY: readonly ['accelerometer', 'autoplay', 'camera', 'cross-origin-isolated', 'display-capture', 'encrypted-media', 'fullscreen', 'geolocation', 'gyroscope', 'keyboard-map', 'magnetometer', 'microphone', 'midi', 'payment', 'picture-in-picture', 'screen-wake-lock', 'usb', 'web-share', 'xr-spatial-tracking', 'clipboard-read', 'clipboard-write', 'gamepad', 'hid', 'idle-detection', 'interest-cohort', 'serial', 'unload'];
declare const SELF: readonly ['publickey-credentials-create', 'publickey-credentials-get', 'sync-xhr'];
declare const OTHERS: readonly ['ambient-light-sensor', 'aria-notify', 'attribution-reporting', 'battery', 'bluetooth', 'browsing-topics', 'captured-surface-control', 'compute-pressure', 'controlled-frame', 'deferred-fetch', 'deferred-fetch-minimal', 'digital-credentials-create', 'digital-credentials-get', 'direct-sockets', 'document-domain', 'identity-credentials-get', 'join-ad-interest-group', 'language-detector', 'language-model', 'local-fonts', 'local-network-access', 'on-device-speech-recognition', 'otp-credentials', 'private-state-token-issuance', 'private-state-token-redemption', 'rewriter', 'run-ad-auction', 'shared-storage', 'speaker-selection', 'storage-access', 'summarizer', 'translator', 'vertical-scroll', 'window-management', 'writer'];
export type FeatureName = (typeof NOBODY)[number] | (typeof SELF)[number] | (typeof OTHERS)[number];
type Camel<S extends string> = S extends `${infer Head}-${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : S;
export type Allowlist = readonly string[] | '*' | false;
export type PermissionsPolicyOptions = {
    readonly [K in FeatureName | Camel<FeatureName>]?: Allowlist | undefined;
};
