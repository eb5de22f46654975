import { ShellCompDirective } from '@bomb.sh/tab'
import tab from '@bomb.sh/tab/commander'
import type { Command } from 'commander'

const HELP = `
Examples:
  $ source <(ringfold completion bash)
  $ ringfold completion zsh > ~/.zfunc/_ringfold
  $ ringfold completion fish > ~/.config/fish/completions/ringfold.fish`

/**
 * Adds `ringfold completion SHELL`, and the hidden command with which its scripts ask. Comes after all other commands, because it
 * reads them.
 */
export async function addCompletion(program: Command, argv: readonly string[]): Promise<void> {
  const completion = tab(program, { completionCommandName: 'completion' })
  program.commands.find((command) => command.name() === 'completion')?.addHelpText('after', HELP)
  // The library forbids shells to complete names of files; here every argument without choices is one.
  Object.defineProperty(completion, 'directive', {
    get: () => ShellCompDirective.ShellCompDirectiveDefault,
    set: () => {},
  })
  if (argv[0] !== 'complete') return
  const { allMnemonics } = await import('@ringfold/isa/facts')
  completion.commands.get('explain')?.argument('what', (complete) => {
    for (const mnemonic of allMnemonics()) complete(mnemonic, '')
  })
}
