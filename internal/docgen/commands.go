package docgen

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// commandsPage makes one page of all commands.
func commandsPage(root *cobra.Command) Page {
	var b bytes.Buffer
	b.WriteString(header + "# Commands\n\n" + root.Long + "\n\n```\n" + root.Example + "\n```\n\n")
	b.WriteString(`Data goes to standard output, notices to standard error. Exit codes: 0 done, 1 no (a
check says no, nothing was found), 2 usage, 3 config, 4 destination, 5 buffer in use
or damaged, 6 finished and some documents were refused.

Flags of all commands:

`)
	writeFlags(&b, root.PersistentFlags())
	for _, c := range root.Commands() {
		writeCommand(&b, c)
	}
	return Page{"commands.md", b.Bytes()}
}

func writeCommand(b *bytes.Buffer, c *cobra.Command) {
	if c.Hidden || c.Name() == "help" || c.Name() == "completion" {
		return
	}
	title := c.CommandPath()
	fmt.Fprintf(b, "\n## %s\n\n", title)
	about := c.Long
	if about == "" {
		about = c.Short + "."
	}
	b.WriteString(about + "\n\n```\n" + strings.TrimSuffix(c.UseLine(), " [flags]") + "\n")
	if c.Example != "" {
		b.WriteString("\n" + c.Example + "\n")
	}
	b.WriteString("```\n")
	if c.LocalNonPersistentFlags().HasAvailableFlags() {
		b.WriteByte('\n')
		writeFlags(b, c.LocalNonPersistentFlags())
	}
	for _, sub := range c.Commands() {
		writeCommand(b, sub)
	}
}

func writeFlags(b *bytes.Buffer, flags *pflag.FlagSet) {
	b.WriteString("| flag | default | what it does |\n|---|---|---|\n")
	flags.VisitAll(func(f *pflag.Flag) {
		if f.Hidden || f.Name == "help" {
			return
		}
		name := "`--" + f.Name + "`"
		if f.Shorthand != "" {
			name = "`-" + f.Shorthand + "`, " + name
		}
		value := f.DefValue
		if value == "[]" || value == "0" || value == "0s" || value == "false" {
			value = ""
		}
		if value != "" {
			value = "`" + value + "`"
		}
		fmt.Fprintf(b, "| %s | %s | %s |\n", name, value, cell(f.Usage))
	})
}
