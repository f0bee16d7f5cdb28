/**
 * `mvgal completion`: scripts that complete mvgal's commands and options in a shell.
 *
 * The scripts are generated from the table of commands and what its modules declare, so that they
 * cannot fall behind.
 *
 * @module
 */

import type { ArgumentSpec, CommandModule, OptionSpec } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** Shells for which scripts can be generated. */
export type Shell = "bash" | "zsh" | "fish";

const SHELLS: readonly Shell[] = ["bash", "zsh", "fish"];

/** What stands for a GPU where no host is asked: completion never looks for devices. */
const GPU_WORDS = ["all", "amd", "nvidia", "intel", "mthreads", "pci:", "uuid:"];

type Completes = "file" | "directory" | readonly string[] | undefined;

/** `--gpu` and whether it takes a value, from commander's notation `-g, --gpu <selector>`. */
function names(option: OptionSpec): { names: string[]; takesValue: boolean } {
  return {
    names: option.flags.match(/--?[a-z][a-z-]*/gi) ?? [],
    takesValue: /[<[]/.test(option.flags),
  };
}

function completes(spec: OptionSpec | ArgumentSpec): Completes {
  if (spec.choices) return spec.choices;
  if ("suggests" in spec && spec.suggests) return spec.suggests;
  return spec.completes === "gpu" ? GPU_WORDS : spec.completes;
}

const HELP: OptionSpec = { flags: "-h, --help", describe: "Show this help" };

/** Single-quoted for a POSIX shell. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

function bashAction(what: Completes): string {
  if (what === "file") return `COMPREPLY=($(compgen -f -- "$cur"))`;
  if (what === "directory") return `COMPREPLY=($(compgen -d -- "$cur"))`;
  return `COMPREPLY=($(compgen -W ${quoted((what ?? []).join(" "))} -- "$cur"))`;
}

function bash(modules: readonly CommandModule[]): string {
  const cases = modules.map((module) => {
    const options = [...module.options, HELP];
    const values = options.filter((option) => names(option).takesValue).map((option) =>
      `      ${names(option).names.join("|")}) ${bashAction(completes(option))}; return ;;`
    );
    const words = options.flatMap((option) => names(option).names).join(" ");
    const argument = module.arguments?.[0];
    const rest = argument ? bashAction(completes(argument)) : ":";
    return `    ${module.name})
      case "$prev" in
${values.map((line) => `  ${line}\n`).join("")}      esac
      if [[ $cur == -* ]]; then COMPREPLY=($(compgen -W ${quoted(words)} -- "$cur"))
      else ${rest}; fi ;;`;
  });
  const links = linksOf(modules);
  return `# bash completion for mvgal: source this file, or install it as
# /usr/share/bash-completion/completions/mvgal
_mvgal() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=\${COMP_WORDS[1]}
  COMPREPLY=()
  case "\${COMP_WORDS[0]##*/}" in
${
    links.map(([link, command]) => `    ${link}) command=${command} ;;\n`).join("")
  }    *) if ((COMP_CWORD == 1)); then
         COMPREPLY=($(compgen -W ${
    quoted([...modules.map((module) => module.name), "help", "--help", "--version"].join(" "))
  } -- "$cur"))
         return
       fi ;;
  esac
  case "$command" in
${cases.join("\n")}
  esac
}
complete -o filenames -o bashdefault -F _mvgal ${
    ["mvgal", ...links.map(([link]) => link)].join(" ")
  }
`;
}

function linksOf(modules: readonly CommandModule[]): [link: string, command: string][] {
  return COMMANDS.filter((row) => modules.some((module) => module.name === row.name))
    .flatMap((row) => row.links.map((link): [string, string] => [link, row.name]));
}

function zshAction(what: Completes): string {
  if (what === "file") return ":_files";
  if (what === "directory") return ":_files -/";
  return `:(${(what ?? []).map((word) => word.replaceAll(":", "\\:")).join(" ")})`;
}

/** Text inside a zsh `_arguments` specification: brackets and colons have a meaning there. */
function zshText(text: string): string {
  return text.replaceAll(/[\\[\]:]/g, "\\$&");
}

function zsh(modules: readonly CommandModule[]): string {
  const functions = modules.map((module) => {
    const specs = [...module.options, HELP].flatMap((option) => {
      const { names: all, takesValue } = names(option);
      const value = takesValue ? `:value${zshAction(completes(option))}` : "";
      return all.map((name) => quoted(`${name}[${zshText(option.describe)}]${value}`));
    });
    const positional = (module.arguments ?? []).map((argument) =>
      quoted(
        `${argument.syntax.includes("...") ? "*" : ""}:${zshText(argument.describe)}${
          zshAction(completes(argument))
        }`,
      )
    );
    return `_mvgal_${module.name}() {\n  _arguments ${
      [...specs, ...positional].join(" \\\n    ")
    }\n}`;
  });
  const list = modules.map((module) =>
    quoted(`${module.name}:${module.describe.replaceAll(":", "\\:")}`)
  );
  const links = linksOf(modules);
  return `#compdef ${["mvgal", ...links.map(([link]) => link)].join(" ")}
# zsh completion for mvgal: install it as _mvgal in a directory of $fpath
${functions.join("\n")}
_mvgal() {
  case "\${service##*/}" in
${links.map(([link, command]) => `    ${link}) _mvgal_${command}; return ;;\n`).join("")}  esac
  if ((CURRENT == 2)); then
    local -a commands=(${list.join(" ")})
    _describe command commands
    _arguments '--help[Show this help]' '--version[Show the version]'
  else
    local command=$words[2]
    shift words
    ((CURRENT--))
    (($+functions[_mvgal_$command])) && _mvgal_$command
  fi
}
if [[ $funcstack[1] == _mvgal ]]; then _mvgal "$@"; else compdef _mvgal mvgal; fi
`;
}

function fishAction(what: Completes): string {
  if (what === "file") return " -r -F";
  if (what === "directory") return ` -x -a '(__fish_complete_directories)'`;
  return ` -x -a ${quoted((what ?? []).join(" "))}`;
}

function fish(modules: readonly CommandModule[]): string {
  const lines = modules.flatMap((module) => {
    const when = `-n '__fish_seen_subcommand_from ${module.name}'`;
    const options = [...module.options, HELP].map((option) => {
      const { names: all, takesValue } = names(option);
      const flags = all.map((name) =>
        name.startsWith("--") ? `-l ${name.slice(2)}` : `-s ${name.slice(1)}`
      ).join(" ");
      const action = takesValue ? fishAction(completes(option)) : "";
      return `complete -c mvgal ${when} ${flags}${action} -d ${quoted(option.describe)}`;
    });
    const positional = (module.arguments ?? []).map((argument) =>
      `complete -c mvgal ${when}${fishAction(completes(argument))} -d ${quoted(argument.describe)}`
    );
    return [
      `complete -c mvgal -n __fish_use_subcommand -a ${module.name} -d ${quoted(module.describe)}`,
      ...options,
      ...positional,
    ];
  });
  return `# fish completion for mvgal: install it as ~/.config/fish/completions/mvgal.fish
complete -c mvgal -f
complete -c mvgal -n __fish_use_subcommand -l version -s V -d 'Show the version'
${lines.join("\n")}
`;
}

/** The completion script of a shell for these commands. */
function completionScript(shell: Shell, modules: readonly CommandModule[]): string {
  return { bash, zsh, fish }[shell](modules);
}

/** `mvgal completion bash|zsh|fish`. */
export const completionCommand: CommandModule = {
  name: "completion",
  describe: "Print a completion script for a shell",
  arguments: [{ syntax: "<shell>", describe: "The shell", choices: SHELLS }],
  options: [],
  examples: [
    {
      command: "completion bash > /usr/share/bash-completion/completions/mvgal",
      meaning: "For everybody",
    },
    {
      command: "completion fish > ~/.config/fish/completions/mvgal.fish",
      meaning: "For one person",
    },
  ],
  async run(input, context) {
    const shell = SHELLS.find((name) => name === input.args[0]) ?? "bash";
    const modules = await Promise.all(COMMANDS.map((row) => row.load()));
    context.stdout.write(completionScript(shell, modules));
    return 0;
  },
};
