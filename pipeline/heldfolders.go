package pipeline

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
)

// HeldDir is where the documents of outputs' targets in trouble are: a folder
// for each output.
func HeldDir(buffer string) string { return filepath.Join(filepath.Dir(buffer), "held") }

// ForgetHeld removes the documents that are held for an output that is gone.
func ForgetHeld(buffer, output string) error {
	root, err := os.OpenRoot(HeldDir(buffer)) // whatever the name, nothing outside is removed
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err == nil {
		defer root.Close()
		err = root.RemoveAll(output)
	}
	if err != nil {
		return fmt.Errorf("forget held documents: %w", err)
	}
	return nil
}

// strayHeld names the outputs for which documents are held and that a plan does
// not have.
func strayHeld(p *Plan) ([]string, error) {
	folders, err := os.ReadDir(HeldDir(p.Buffer.Dir))
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for held documents: %w", err)
	}
	var stray []string
	for _, f := range folders {
		known := slices.ContainsFunc(p.Outputs, func(o OutputPlan) bool {
			return o.Address == f.Name() || o.Standby != nil && o.Standby.Address == f.Name()
		})
		inside, err := os.ReadDir(filepath.Join(HeldDir(p.Buffer.Dir), f.Name()))
		if err == nil && len(inside) > 0 && !known {
			stray = append(stray, f.Name())
		}
	}
	return stray, nil
}
