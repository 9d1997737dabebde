package main

import "os"

// hangups delivers nothing: Windows has no SIGHUP.
func hangups() (<-chan os.Signal, func()) { return nil, func() {} }
