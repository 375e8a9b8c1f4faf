// A node:test reporter that writes one line: clients: N passed, N failed, N skipped

export default async function* summary(events) {
  for await (const { type, data } of events) {
    // There is one summary per file and a last one of the whole run.
    if (type !== 'test:summary' || data.file !== undefined) continue;
    const { passed, failed, cancelled, skipped, todo } = data.counts;
    const failures = failed + cancelled;
    yield `clients: ${passed} passed, ${data.success ? failures : Math.max(failures, 1)} failed, ${skipped + todo} skipped\n`;
  }
}
