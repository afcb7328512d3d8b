import { Stores } from './stores.ts';
export declare function memoryStores(): Stores;
