import process from 'node:process'
import { stripVTControlCharacters, styleText } from 'node:util'

type Format = Parameters<typeof styleText>[0]

/** Text with colour if the stream is a terminal that has some, and NO_COLOR is not set (https://no-color.org). */
export function styled(format: Format, text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return styleText(format, text, { stream })
}

/** Whether {@link styled} adds anything on that stream. */
export const hasColor = (stream: NodeJS.WriteStream = process.stdout): boolean => styled('bold', 'x', stream) !== 'x'

/** Text from a library that colours without asking. */
export function plainUnlessColored(text: string, stream: NodeJS.WriteStream = process.stdout): string {
  return hasColor(stream) ? text : stripVTControlCharacters(text)
}
