export type HtmlPreset = 'inline' | 'basic' | 'rich';
