/** A list that is split out of one string when it is first asked for. */
export function lazy(joined: string, separator: string): () => readonly string[] {
  let list: readonly string[] | null = null
  return () => {
    list ??= joined.split(separator)
    return list
  }
}
