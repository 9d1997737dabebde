package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/spf13/cobra"

	"github.com/renthub/sluice/internal/config"
)

func newFmt(c *common) *cobra.Command {
	f := &formatter{common: c}
	cmd := &cobra.Command{
		Use:   "fmt [FILE|FOLDER|- ...]",
		Short: "Bring config files into the one layout",
		Long: `Print config files in the one layout, or rewrite, check or compare them. Without
files it takes those of -c, or *.hcl of this folder; - is standard input.`,
		Example: `  sluice fmt -w                     rewrite the files of this folder
  sluice fmt --check pipeline.hcl   exit with 1 if it is not in the one layout
  sluice fmt --diff pipeline.hcl
  cat pipeline.hcl | sluice fmt -`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.run(cmd, args) },
	}
	cmd.Flags().BoolVarP(&f.write, "write", "w", false, "rewrite the files, and name those that changed")
	cmd.Flags().BoolVar(&f.check, "check", false, "name the files that would change, and exit with 1 if there are any")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "show what would change")
	cmd.MarkFlagsMutuallyExclusive("write", "check")
	return cmd
}

// formatter is one run of sluice fmt.
type formatter struct {
	*common
	write, check, diff bool

	changed []string
}

func (f *formatter) run(cmd *cobra.Command, args []string) error {
	if len(args) == 0 && len(f.config) > 0 {
		args = f.config
	}
	if len(args) == 0 {
		args = []string{"."}
	}
	var files []string
	for _, arg := range args {
		found, err := configFiles(arg)
		if err != nil {
			return exit(exitUsage, err)
		}
		files = append(files, found...)
	}
	wrong := 0
	for _, file := range files {
		ok, err := f.file(cmd, file)
		if err != nil {
			return err
		}
		if !ok {
			wrong++
		}
	}
	if err := f.report(cmd); err != nil {
		return err
	}
	switch {
	case wrong > 0:
		return exit(exitConfig, fmt.Errorf("%d files have errors and were left alone", wrong))
	case f.check && len(f.changed) > 0:
		return no()
	}
	return nil
}

// configFiles returns the HCL files that an argument names.
func configFiles(arg string) ([]string, error) {
	if arg == "-" {
		return []string{arg}, nil
	}
	info, err := os.Stat(arg)
	if err != nil {
		return nil, fmt.Errorf("find config: %w", err)
	}
	if !info.IsDir() {
		return []string{arg}, nil
	}
	files, err := filepath.Glob(filepath.Join(arg, "*.hcl"))
	if err == nil && len(files) == 0 {
		err = fmt.Errorf("find config: no *.hcl in %s", arg)
	}
	return files, err
}

// file formats one file. ok says that its syntax is right.
func (f *formatter) file(cmd *cobra.Command, name string) (ok bool, err error) {
	var src []byte
	if name == "-" {
		src, err = io.ReadAll(cmd.InOrStdin())
	} else {
		src, err = os.ReadFile(name)
	}
	if err != nil {
		return false, exit(exitUsage, fmt.Errorf("read config: %w", err))
	}
	out, diags := config.Format(name, src)
	if diags.HasErrors() {
		cfg, _ := config.LoadSources([]config.Source{{Name: name, Text: src}}, config.Kinds{}, config.Options{Static: true}) // for the snippets
		return false, f.writeDiagnostics(cmd.ErrOrStderr(), cfg, diags)
	}
	same := bytes.Equal(src, out)
	if !same {
		f.changed = append(f.changed, name)
	}
	switch {
	case f.diff && !same && f.output != "json":
		if _, err := cmd.OutOrStdout().Write(diff.Diff(name, src, name+" (formatted)", out)); err != nil {
			return true, err
		}
	case !f.diff && !f.check && (!f.write || name == "-"):
		_, err = cmd.OutOrStdout().Write(out)
		return true, err
	}
	if f.write && !same && name != "-" {
		return true, replaceFile(name, out)
	}
	return true, nil
}

// report names what changed, or would.
func (f *formatter) report(cmd *cobra.Command) error {
	if !f.write && !f.check && !f.diff {
		return nil
	}
	if f.output == "json" {
		return writeJSON(cmd.OutOrStdout(), map[string]any{"changed": append([]string{}, f.changed...)})
	}
	if f.diff {
		return nil
	}
	for _, name := range f.changed {
		if _, err := fmt.Fprintln(cmd.OutOrStdout(), name); err != nil {
			return err
		}
	}
	return nil
}

// replaceFile writes a file anew, so that a crash leaves the old or the new
// one. A link stays a link.
func replaceFile(name string, text []byte) error {
	name, err := filepath.EvalSymlinks(name)
	if err != nil {
		return fmt.Errorf("replace config: %w", err)
	}
	info, err := os.Stat(name)
	if err != nil {
		return fmt.Errorf("replace config: %w", err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(name), ".sluice-fmt-*")
	if err != nil {
		return fmt.Errorf("replace config: %w", err)
	}
	defer os.Remove(tmp.Name()) // it is gone if all went well
	_, err = tmp.Write(text)
	for _, step := range []func() error{
		func() error { return tmp.Chmod(info.Mode()) }, tmp.Sync, tmp.Close,
		func() error { return os.Rename(tmp.Name(), name) },
	} {
		if err == nil {
			err = step()
		}
	}
	if err != nil {
		return fmt.Errorf("replace config: %w", err)
	}
	return nil
}
