/** Source text of the lab guest while it is being put together: code, and the texts that it says. */
export class LabSource {
  readonly #code: string[] = []
  readonly #data: string[] = []
  #texts = 0
  #labels = 0

  /** Adds lines of assembly. */
  add(text: string): this {
    this.#code.push(text)
    return this
  }

  /** Adds data, which stands behind all code. */
  data(text: string): this {
    this.#data.push(text)
    return this
  }

  /** A label that nobody else has. */
  label(stem: string): string {
    return `${stem}_${this.#labels++}`
  }

  /** Prints a text as it is. Changes RAX and RSI. */
  say(text: string): this {
    const label = `text_${this.#texts++}`
    const bytes = [...new TextEncoder().encode(text), 0]
    this.#data.push(`${label}: db ${bytes.join(', ')}`)
    return this.add(`  mov esi, ${label}\n  call puts`)
  }

  /** Prints a text and a new line. */
  line(text: string): this {
    return this.say(`${text}\r\n`)
  }

  /** Prints RAX in so many hexadecimal digits. */
  hex(digits: number): this {
    return this.add(`  mov ecx, ${digits}\n  call puthex`)
  }

  /** Prints RAX as a decimal number. */
  decimal(): this {
    return this.add('  call putdec')
  }

  /** An exception of this vector is wanted from now on; then execution goes on at the label. */
  expect(vector: number, label: string): this {
    return this.add(`
  mov dword [expected], ${vector}
  mov dword [caught], 0
  mov qword [resume_rsp], rsp
  mov qword [resume_rip], ${label}`)
  }

  toString(): string {
    return [...this.#code, 'align 16', ...this.#data].join('\n')
  }
}
