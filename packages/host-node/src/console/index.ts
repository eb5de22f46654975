/** Consoles. */
export { type FileConsoleOptions, fileConsole } from './file.ts'
export { socketConsole } from './socket.ts'
export { ESCAPE_KEY, EscapeKeys, type TerminalConsoleOptions, terminalConsole } from './terminal.ts'
