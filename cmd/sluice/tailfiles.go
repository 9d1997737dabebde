package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/bmatcuk/doublestar/v4"

	"github.com/renthub/sluice/inputs/framing"
	"github.com/renthub/sluice/inputs/tail"
)

// partialLine is how long the last line of a file waits for its end before it
// is shown as it is.
const partialLine = time.Second

// tailFiles shows files.
func (t *tailer) tailFiles(ctx context.Context, args []string) error {
	paths, err := t.paths(args)
	if err != nil {
		return exit(exitNo, err)
	}
	direct, deps, err := t.direct()
	if err != nil {
		return exit(exitUsage, err)
	}
	rule, err := deps.Rule()
	if err != nil {
		return exit(exitUsage, err)
	}
	in, err := tail.New(tail.Options{
		Paths: paths, StartAtEnd: true, Lines: t.lines, Once: t.noFollow, PartialTimeout: partialLine, Framing: framing.Config{Rule: rule}, Workers: 1,
	}, deps)
	if err != nil {
		return exit(exitUsage, err)
	}
	ctx, stop := t.whileRead(ctx)
	defer stop()
	return t.ended(in.Run(ctx, nil, direct.Emit), exitDone)
}

// paths checks what was asked for, and returns it as globs.
func (t *tailer) paths(args []string) ([]string, error) {
	var paths []string
	for _, arg := range args {
		info, err := os.Stat(arg)
		switch {
		case err == nil && info.IsDir():
			return nil, fmt.Errorf("%s is a folder: name its files, '%s/*.log'", arg, strings.TrimRight(arg, "/"))
		case err == nil:
			if f, err := os.Open(arg); err != nil {
				return nil, err
			} else if err := f.Close(); err != nil {
				return nil, err
			}
			paths = append(paths, escapeGlob(arg))
			continue
		case !strings.ContainsAny(arg, "*?[{"):
			return nil, err
		}
		found, err := doublestar.FilepathGlob(arg, doublestar.WithFilesOnly())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", arg, err)
		}
		if len(found) == 0 && t.noFollow {
			return nil, errors.New("no file matches " + arg)
		}
		if len(found) == 0 {
			fmt.Fprintf(os.Stderr, "sluice: no file matches %s yet\n", arg)
		}
		paths = append(paths, arg)
	}
	return paths, nil
}

// escapeGlob is the glob that means just this file.
func escapeGlob(name string) string {
	var b strings.Builder
	for _, c := range name {
		if strings.ContainsRune(`*?[]{}\`, c) && os.PathSeparator == '/' {
			b.WriteByte('\\')
		}
		b.WriteRune(c)
	}
	return b.String()
}
