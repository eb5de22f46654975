// What is packed differs from what stands in the repository: imports resolve to dist only, and nothing that works only in
// the repository stays in the manifest.
const SOURCE_CONDITION = '@ringfold/source'

function withoutSource(target) {
  const { [SOURCE_CONDITION]: _source, ...published } = target
  return published
}

export const hooks = {
  beforePacking(manifest) {
    const { scripts: _scripts, devDependencies: _dev, ...published } = manifest
    if (published.exports === undefined) return published
    const entries = Object.entries(published.exports)
    return { ...published, exports: Object.fromEntries(entries.map(([path, target]) => [path, withoutSource(target)])) }
  },
}
