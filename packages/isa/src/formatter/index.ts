/** Instructions to text: `@ringfold/isa/formatter`. */
export { Formatter, formatInstruction } from './formatter.ts'
export { BAD, type FormatterOptions, NOT_IN_TABLE, type Symbolizer, TRUNCATED } from './options.ts'
