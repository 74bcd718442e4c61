/** What the navigation leads to when the remote runs by itself. */
export function links(): { path: string; title: string }[] {
  return [
    { path: '/', title: 'Overview' },
    { path: '/help', title: 'Help' },
  ];
}
