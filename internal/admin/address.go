package admin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// addressFile is where an agent leaves its address in its data folder.
const addressFile = "admin.json"

// Address is where the agent of a data folder listens.
type Address struct {
	Addr string `json:"addr"`
	PID  int    `json:"pid"`
}

// WriteAddress leaves the address of this process in a data folder.
func WriteAddress(dir, addr string) error {
	b, err := json.Marshal(Address{addr, os.Getpid()})
	if err != nil {
		return fmt.Errorf("encode admin address: %w", err)
	}
	tmp := filepath.Join(dir, addressFile+".tmp")
	if err := os.WriteFile(tmp, b, 0o600); err != nil {
		return fmt.Errorf("write admin address: %w", err)
	}
	if err := os.Rename(tmp, filepath.Join(dir, addressFile)); err != nil {
		return fmt.Errorf("write admin address: %w", err)
	}
	return nil
}

// ReadAddress reads the address that an agent left in a data folder. The agent
// may have ended since.
func ReadAddress(dir string) (Address, error) {
	var a Address
	b, err := os.ReadFile(filepath.Join(dir, addressFile))
	if err != nil {
		return a, fmt.Errorf("read admin address: %w", err)
	}
	if err := json.Unmarshal(b, &a); err != nil {
		return a, fmt.Errorf("read admin address: %w", err)
	}
	return a, nil
}

// RemoveAddress removes the address at a clean end.
func RemoveAddress(dir string) { _ = os.Remove(filepath.Join(dir, addressFile)) } // a stale one only costs a refused connection
