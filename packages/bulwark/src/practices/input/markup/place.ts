/** Where in a document a value is written. */
export interface Place {
  /**
   * - `text`: content of an element, a title, a comment
   * - `quoted`: an attribute's value in quotes
   * - `bare`: a value without quotes, or where a tag's names stand
   * - `script`: the content of a `<script>`
   */
  readonly in: 'text' | 'quoted' | 'bare' | 'script';
  /** The attribute, in lower case; empty where there is none. */
  readonly attribute: string;
  /**
   * True where nothing of the attribute's value is known to stand before it: white space and other values may be, which may
   * be empty, and what a branch of the template writes.
   */
  readonly first: boolean;
  /**
   * What is written for an empty value where nothing else may be a value without quotes: with nothing there,
   * `<input value= name="…">` is an element without a name, whose value begins at the quote and ends at a blank in the text.
   */
  readonly empty?: string;
}

type State =
  | 'text'
  | 'open'
  | 'close'
  | 'bang'
  | 'comment'
  | 'bogus'
  | 'tag'
  | 'names'
  | 'name'
  | 'after-name'
  | 'before-value'
  | 'double'
  | 'single'
  | 'bare'
  | 'raw';

/** Elements whose content is no markup, up to their own end tag. */
const RAW: ReadonlySet<string> = new Set(['script', 'style', 'textarea', 'title']);
const VALUES: ReadonlySet<State> = new Set(['double', 'single', 'bare']);
const SPACE = /[\t\n\f\r ]/;
const LETTER = /[a-z]/i;
const BLANK = '&#32;';

/**
 * Follows the literal parts of a template and says where each value stands: the states of the HTML standard's tokenizer
 * that decide how a value has to be escaped (https://html.spec.whatwg.org/multipage/parsing.html#tokenization).
 *
 * It reads the parts in the order in which they are written. Where the branches of an `if` end in different states, the
 * last one counts.
 *
 * @example const at = new DocumentPlace(); at.read('<a href="'); at.value() // { in: 'quoted', attribute: 'href', first: true }
 */
export class DocumentPlace {
  #state: State = 'text';
  #tag = '';
  #closing = false;
  #attribute = '';
  #first = false;
  /** The last characters, where more than one decide. */
  #recent = '';
  /** The last value of an attribute without quotes, until it is known what stands behind it. */
  #open: { empty?: string } | undefined;
  /** Whether code stands behind that value, so that what comes then may not be written. */
  #branched = false;

  /** Reads a literal part. */
  read(literal: string): void {
    for (const char of literal) this.#step(char);
  }

  /** Code stands here: what was read of an attribute's value may have been in a branch that is not taken. */
  branch(): void {
    this.#branched = true;
    if (VALUES.has(this.#state)) this.#first = true;
  }

  /** The place of a value that is written now. */
  value(): Place {
    switch (this.#state) {
      case 'double':
      case 'single':
        return { in: 'quoted', attribute: this.#attribute, first: this.#first };
      case 'before-value':
      case 'bare':
        return this.#bareValue(this.#state === 'before-value');
      case 'raw':
        return { in: this.#tag === 'script' ? 'script' : 'text', attribute: '', first: false };
      case 'text':
      case 'bang':
      case 'comment':
      case 'bogus':
        return { in: 'text', attribute: '', first: false };
      case 'open':
      case 'close':
        this.#enterTag('', this.#state === 'close');
        return { in: 'bare', attribute: '', first: false };
      case 'tag':
      case 'names':
      case 'name':
      case 'after-name':
        // What is written among the names of a tag is part of a name.
        return { in: 'bare', attribute: '', first: false };
    }
  }

  /** Quotes for a value that is alone; among others, which may not be empty, a blank. */
  #bareValue(alone: boolean): Place {
    this.#follow(false);
    this.#state = 'bare';
    const place: Place = { in: 'bare', attribute: this.#attribute, first: this.#first };
    if (!this.#first) return place;
    this.#open = Object.assign(place, { empty: alone ? '""' : BLANK });
    this.#branched = false;
    return this.#open as Place;
  }

  /** Something stands behind the last value; it fills the attribute if it ends it not, and is certain to be written. */
  #follow(ends: boolean): void {
    if (this.#open !== undefined && !ends) this.#open.empty = this.#branched ? BLANK : '';
    this.#open = undefined;
  }

  #step(char: string): void {
    this.#follow(char === '>' || SPACE.test(char));
    switch (this.#state) {
      case 'text':
        if (char === '<') this.#state = 'open';
        return;
      case 'open':
        if (LETTER.test(char)) this.#enterTag(char, false);
        else if (char === '!') this.#enter('bang');
        else if (char !== '<') this.#state = char === '/' ? 'close' : char === '?' ? 'bogus' : 'text';
        return;
      case 'close':
        if (LETTER.test(char)) this.#enterTag(char, true);
        else this.#state = char === '>' ? 'text' : 'bogus';
        return;
      case 'bang':
        this.#recent += char;
        if (this.#recent === '--') this.#state = 'comment';
        else if (this.#recent !== '-') this.#state = char === '>' ? 'text' : 'bogus';
        return;
      case 'comment':
        this.#recent = (this.#recent + char).slice(-4);
        if (this.#recent.endsWith('-->') || this.#recent === '--!>') this.#state = 'text';
        return;
      case 'bogus':
        if (char === '>') this.#state = 'text';
        return;
      case 'raw':
        this.#readRaw(char);
        return;
      case 'tag':
      case 'names':
      case 'name':
      case 'after-name':
      case 'before-value':
      case 'double':
      case 'single':
      case 'bare':
        this.#stepInTag(char);
    }
  }

  #stepInTag(char: string): void {
    const state = this.#state;
    if (state === 'double' || state === 'single') {
      if (char === (state === 'double' ? '"' : "'")) this.#state = 'names';
      if (!SPACE.test(char)) this.#first = false;
    } else if (state === 'before-value' && (char === '"' || char === "'")) {
      this.#state = char === '"' ? 'double' : 'single';
    } else if (char === '>') {
      this.#endTag();
    } else if (SPACE.test(char)) {
      if (state === 'name') this.#state = 'after-name';
      else if (state === 'tag' || state === 'bare') this.#state = 'names';
    } else if (state === 'before-value' || state === 'bare') {
      this.#state = 'bare';
      this.#first = false;
    } else if (char === '/') {
      this.#state = 'names';
    } else if (state === 'tag') {
      this.#tag += char.toLowerCase();
    } else if (char === '=' && state !== 'names') {
      this.#state = 'before-value';
      this.#first = true;
    } else if (state === 'name') {
      this.#attribute += char.toLowerCase();
    } else {
      this.#state = 'name';
      this.#attribute = char.toLowerCase();
    }
  }

  /** Only the element's own end tag ends it. */
  #readRaw(char: string): void {
    this.#recent = (this.#recent + char.toLowerCase()).slice(-(this.#tag.length + 3));
    if (!this.#recent.startsWith(`</${this.#tag}`) || !/[\t\n\f\r />]$/.test(this.#recent)) return;
    this.#closing = true;
    if (char === '>') this.#endTag();
    else this.#state = 'names';
  }

  #enter(state: State): void {
    this.#state = state;
    this.#recent = '';
  }

  #enterTag(start: string, closing: boolean): void {
    this.#state = 'tag';
    this.#tag = start.toLowerCase();
    this.#closing = closing;
    this.#attribute = '';
  }

  #endTag(): void {
    this.#enter(!this.#closing && RAW.has(this.#tag) ? 'raw' : 'text');
  }
}
