import { closestMatch } from 'leven'

/** `Did you mean x?` for the candidate nearest to what was typed, `''` where none is near. */
export function didYouMean(typed: string, candidates: readonly string[]): string {
  const maxDistance = Math.max(1, Math.floor(typed.length / 2.5))
  const match = closestMatch(typed, candidates, { maxDistance })
  return match === undefined ? '' : `Did you mean ${match}?`
}
