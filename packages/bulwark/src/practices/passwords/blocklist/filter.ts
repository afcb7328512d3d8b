/** A Bloom filter as it is shipped. */
export interface Filter {
  /** How many texts were put in. */
  readonly texts: number;
  /** How many bits stand for one text. */
  readonly hashes: number;
  /** The bits, in base64. */
  readonly data: string;
}
