import { ByteSize } from '../../units.ts';
import { JsonOptions } from './body/body-options.ts';
import { QueryOptions } from './url/url-options.ts';
import { TextBodyOptions } from './body/body-options.ts';
import { UrlOptions } from './url/url-options.ts';
import { UrlencodedOptions } from './body/body-options.ts';
export interface InputOptions {
    readonly methods?: readonly string[];
    readonly url?: UrlOptions;
    readonly query?: QueryOptions;
    readonly json?: JsonOptions | false;
    readonly urlencoded?: UrlencodedOptions | false;
    readonly text?: TextBodyOptions | false;
    readonly unread?: {
        readonly limit?: ByteSize;
    };
    readonly inflate?: boolean;
}
