//go:build !linux

package bench

func confine(string) (undo func(), err error) { return func() {}, nil }
