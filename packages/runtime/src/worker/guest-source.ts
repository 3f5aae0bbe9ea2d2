/**
 * A guest file as it goes into the VMs: without the lines that are comments, and without indentation.
 * Each VM has a copy of the text, and that is a third of it. Lines stay where they are, and the rest is
 * what stands in the file. No template literal of the guest may go over several lines.
 */
export function withoutComments(text: string): string {
  let isInside = false;
  return text
    .split('\n')
    .map((line) => {
      const trimmed = line.trimStart();
      if (isInside) {
        isInside = !trimmed.endsWith('*/');
        return '';
      }
      if (trimmed.startsWith('//')) return '';
      if (!trimmed.startsWith('/**')) return trimmed;
      const end = trimmed.indexOf('*/');
      if (end >= 0 && end + 2 < trimmed.length) return trimmed;
      isInside = end < 0;
      return '';
    })
    .join('\n');
}
