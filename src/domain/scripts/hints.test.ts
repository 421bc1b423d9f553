import { describe, expect, test } from '@jest/globals';
import { type HintedScript, scriptHints } from './hints.js';
import { executedText, languageOf } from './language.js';

const shown = (text: string, { platform = 'LINUX', step = 'assess', readsOutput = false }: Partial<HintedScript> = {}) =>
  scriptHints({ text, platform, step, readsOutput }).map(({ kind, line }) => (line === undefined ? kind : `${kind}:${line}`));
const windows = (text: string, more: Partial<HintedScript> = {}) => shown(text, { platform: 'WINDOWS', ...more });

test.each([
  ['#!/usr/bin/env python3\nprint(1)', 'LINUX', 'python'],
  ['import os\nprint(1)', 'WINDOWS', 'python'],
  ['#!/usr/bin/perl\nprint 1;', 'LINUX', 'perl'],
  ['use strict;\nmy $a = 1;', 'LINUX', 'perl'],
  ['local t = {}\nprint(t)', 'LINUX', 'lua'],
  ['#!/bin/bash\nls', 'LINUX', 'shell'],
  ['ls', 'AIX', 'shell'],
  ['Get-Service', 'WINDOWS', 'powershell'],
  ['Option Explicit\nWScript.Quit 1', 'WINDOWS', 'vbscript'],
])('%j on %s is %3$s', (text, platform, language) => {
  expect(languageOf(text, platform)).toBe(language);
});

test('comments and what is only said are not executed; lines keep their numbers', () => {
  expect(executedText('echo "rm -rf /"\n# sed -i\nls # exit 1\necho x > /etc/motd', 'shell')).toBe(
    '               \n        \nls         \necho x > /etc/motd',
  );
  expect(executedText('<# Restart-Computer\n#>\nWrite-Host "reg add"\nGet-Item', 'powershell').trim()).toBe('Get-Item');
});

describe('a script that never exits with another code than 0', () => {
  test.each([
    ['shell that ends with exit 0', () => shown('grep x /etc/passwd\nexit 0')],
    ['shell that says something last', () => shown('cat /etc/os-release\necho "done: $?"')],
    ['shell that ends in a branch', () => shown('if grep -q x /etc/passwd; then\n  echo yes\nfi')],
    ['PowerShell', () => windows('if (Get-Service x) { Write-Host "vulnerable" }')],
    ['PowerShell with a literal 0', () => windows('exit 0')],
    ['Python', () => shown('#!/usr/bin/python\nimport os\nprint(os.name)\n')],
    ['VBScript', () => windows('Option Explicit\nWScript.Quit 0')],
    ['Perl', () => shown('#!/usr/bin/perl\nprint "x";\n')],
    ['Lua', () => shown('local x = 1\nprint(x)\n')],
  ])('%s', (_, hints) => {
    expect(hints()).toEqual(['never-fails']);
  });

  test.each([
    ['shell', () => shown('grep -q x /etc/passwd || exit 1\necho done\nexit 0')],
    ['shell that ends with the status of its last command', () => shown('cat /etc/os-release')],
    ['shell that stops at the first failure', () => shown('set -eu\ngrep x y\nfi')],
    ['PowerShell by code', () => windows('if ($bad) { Exit 1337 }\nExit 0')],
    ['PowerShell by variable', () => windows('exit $returnCode')],
    ['PowerShell by exception', () => windows('throw "no"')],
    ['Python', () => shown('#!/usr/bin/python\nimport sys\nsys.exit(bad)')],
    ['VBScript', () => windows('Option Explicit\nWScript.Quit bad')],
    ['Perl', () => shown('#!/usr/bin/perl\ndie "no" unless -e "/x";')],
    ['Lua', () => shown('local x = 1\nos.exit(1)')],
  ])('is none that does: %s', (_, hints) => {
    expect(hints()).toEqual([]);
  });

  test('is none whose output a rule reads', () => {
    expect(windows('Write-Host "is vulnerable"', { readsOutput: true })).toEqual([]);
  });
});

describe('an assessment or verification that changes its host', () => {
  test.each([
    ['sed -i s/a/b/ /etc/ssh/sshd_config', 'changes-host:1'],
    ['grep x y\n\nchmod 600 /etc/shadow', 'changes-host:3'],
    ['echo PASS_MAX_DAYS 90 >> /etc/login.defs', 'changes-host:1'],
    ['systemctl restart sshd', 'changes-host:1'],
    ['conf=/etc/app.conf\necho "$wanted" > $conf', 'changes-host:2'],
    ['export conf="/etc/app.conf"\ncat wanted >> "$conf"', 'changes-host:2'],
    ['report=/opt/findings\nls | tee -a $report', 'changes-host:2'],
    ['ls | tee -a /opt/findings', 'changes-host:1'],
  ])('in shell: %s', (text, hint) => {
    expect(shown(text)).toContain(hint);
    expect(shown(text, { step: 'verify' })).toContain(hint);
    expect(shown(text, { step: 'remediate' })).not.toContain(hint);
  });

  test.each([
    'net accounts /maxpwage:90',
    'reg add HKLM\\x /v y',
    'Set-ItemProperty -Path HKLM:\\x',
    'Install-Module x',
    'Set-NfsServerConfiguration -EnableNFSV3 $false',
    '$result = $app.Uninstall()',
  ])('in PowerShell: %s', (text) => {
    expect(windows(text)).toContain('changes-host:1');
  });

  test.each([
    'net accounts',
    'reg query HKLM\\x',
    'Set-Location C:\\',
    '$x = New-Object PSObject',
    'Start-Sleep 3',
    'Get-ItemProperty HKLM:\\x',
    'Write-Host "use reg add"',
  ])('is not: %s', (text) => {
    expect(windows(text)).toEqual(['never-fails']);
  });

  test.each([
    ...['list=/tmp/list\nls > $list', 'null=/dev/null\nls > "$null"', 'conf=/etc/app.conf\ngrep x < $conf', 'ls | tee /tmp/list'],
    ...['ls > /tmp/list', 'cmd 2>/dev/null', 'systemctl status sshd', 'echo "run: yum install x"', 'rpm -q openssl', 'chage -l root'],
  ])('nor, in shell: %s', (text) => {
    expect(shown(`${text}\nexit 1`)).toEqual([]);
  });

  test.each([
    ['#!/usr/bin/python\nimport os\nopen("/etc/motd", "w")\nraise X', 'changes-host:3'],
    ['#!/usr/bin/perl\nunlink "/etc/x" or die;', 'changes-host:2'],
    ['local f = io.open("/etc/x", "w")\nos.exit(1)', 'changes-host:1'],
  ])('in other languages: %j', (text, hint) => {
    expect(shown(text)).toEqual([hint]);
  });
});

test('a reboot shows in every step', () => {
  expect(windows('throw "x"\nRestart-Computer -Force', { step: 'remediate' })).toEqual(['reboots:2']);
  expect(shown('exit 1\nshutdown -r now', { step: 'rollback' })).toEqual(['reboots:2']);
  expect(shown('echo please reboot; exit 1', { step: 'remediate' })).toEqual([]);
});

test('a finding that is printed and read by no rule', () => {
  expect(windows('if ($x) { Write-Host "host is vulnerable" }\nexit $y')).toEqual(['output-unread:1']);
  expect(windows('if ($x) { Write-Host "host is vulnerable" }\nexit $y', { readsOutput: true })).toEqual([]);
  expect(windows('Write-Host "was vulnerable"\nexit $y', { step: 'remediate' })).toEqual([]);
});
