// Server-sent events out of the bytes of a stream (the HTML standard, section 9.2). A browser's own EventSource sends no token.

export interface StreamEvent {
  name: string;
  data: string;
}

export class EventStream {
  /** Of the last event: where a broken stream goes on. */
  lastId = '';
  #rest = '';
  #name = '';
  #id = '';
  #data: string[] = [];

  /** Another connection: what the one before began is not ended by this one. */
  begin(): void {
    this.#rest = '';
    this.#name = '';
    this.#id = this.lastId;
    this.#data = [];
  }

  /** The events that end in this piece of text. */
  take(text: string): StreamEvent[] {
    const lines = (this.#rest + text).split(/\r\n|\n|\r(?!$)/);
    this.#rest = lines.pop() ?? '';
    return lines.flatMap((line) => this.#line(line));
  }

  #line(line: string): StreamEvent[] {
    if (line === '') return this.#end();
    const [, field = '', value = ''] = /^([^:]*)(?:: ?(.*))?$/s.exec(line) ?? [];
    if (field === 'event') this.#name = value;
    if (field === 'data') this.#data.push(value);
    if (field === 'id' && !value.includes('\0')) this.#id = value;
    return [];
  }

  #end(): StreamEvent[] {
    this.lastId = this.#id;
    const event = { name: this.#name === '' ? 'message' : this.#name, data: this.#data.join('\n') };
    const isEmpty = this.#data.length === 0;
    this.#name = '';
    this.#data = [];
    return isEmpty ? [] : [event];
  }
}
