// The look of the pages: system fonts, light and dark by the reader's choice, nothing fetched from elsewhere.
export const style = `
:root {
  color-scheme: light dark;
  --ink: #16302f; --soft: #5b7371; --paper: #f4f8f7; --card: #fff; --line: #d5e2e0;
  --sea: #0b7a75; --sea-ink: #fff; --good: #1a7f37; --busy: #9a6700; --bad: #b3261e;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ink: #e3efed; --soft: #94aeab; --paper: #0d1a1a; --card: #142524; --line: #284240;
    --sea: #3bc4b8; --sea-ink: #062422; --good: #57c878; --busy: #e3b341; --bad: #ff8f87;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
header, main, footer { max-width: 60rem; margin: 0 auto; padding: 1rem 1.25rem; }
header { display: flex; align-items: baseline; gap: .75rem; padding-top: 1.5rem; padding-bottom: 0; }
header a { color: inherit; text-decoration: none; font-size: 1.5rem; font-weight: 700; letter-spacing: -.02em; }
header span, footer, .soft { color: var(--soft); }
footer { font-size: .875rem; }
footer a { margin-right: 1rem; }
a { color: var(--sea); }
h1 { font-size: 1.25rem; margin: 0 0 1rem; overflow-wrap: anywhere; }
.card { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; padding: 1.25rem; margin-bottom: 1rem; }
.note { border-left: .25rem solid var(--sea); padding: .625rem 1rem; margin-top: 0; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .5rem .75rem .5rem 0; border-bottom: 1px solid var(--line); }
tr:last-child td { border-bottom: 0; }
th { color: var(--soft); font-weight: 500; font-size: .875rem; }
.state { display: inline-block; border-radius: 1rem; padding: 0 .625rem; border: 1px solid currentColor; font-size: .875rem; }
.open { color: var(--good); }
.pairing, .connecting, .waiting { color: var(--busy); }
.stopped, .conflict { color: var(--bad); }
.unlinked { color: var(--soft); }
form { display: flex; flex-wrap: wrap; gap: .75rem; align-items: end; }
label { display: grid; gap: .25rem; font-size: .875rem; color: var(--soft); }
input { font: inherit; color: var(--ink); background: var(--paper); border: 1px solid var(--line); border-radius: .5rem; padding: .5rem .75rem; }
button { font: inherit; font-weight: 600; color: var(--sea-ink); background: var(--sea); border: 0; border-radius: .5rem; padding: .55rem 1rem; cursor: pointer; }
button:disabled { opacity: .5; cursor: default; }
:focus-visible { outline: .1875rem solid var(--sea); outline-offset: .125rem; }
[hidden] { display: none !important; }
.problem { color: var(--bad); }
.problem:empty { display: none; }
.pair { display: grid; justify-items: center; gap: .75rem; text-align: center; }
.pair > * { margin: 0; }
.pair img { display: block; max-width: 100%; background: #fff; border-radius: .75rem; }
figure { display: grid; justify-items: center; gap: .75rem; }
.code { font: 700 2.25rem/1.2 ui-monospace, monospace; letter-spacing: .1em; }
.linked { font-size: 1.25rem; font-weight: 600; color: var(--good); overflow-wrap: anywhere; }
`;
