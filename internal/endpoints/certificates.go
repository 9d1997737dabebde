package endpoints

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"sync/atomic"
)

// certificates are the files ca_file, client_cert and client_key as they are
// on disk.
type certificates struct {
	config Config
	logger *slog.Logger
	held   atomic.Pointer[heldFiles]
	bad    []byte // what could not be used, so that it is told once; of reload alone
}

// heldFiles is what the files held when they were read last.
type heldFiles struct {
	generation uint64
	ca, cert   []byte
	key        []byte
	tls        *tls.Config // never changed: who needs another clones it
}

func newCertificates(c Config, d Deps) (*certificates, error) {
	files := &certificates{config: c, logger: d.Logger}
	held, err := files.read()
	if err != nil {
		return nil, err
	}
	files.held.Store(held)
	return files, nil
}

// now is what connections are made with, and a number that changes with it.
func (f *certificates) now() (*tls.Config, uint64) {
	h := f.held.Load()
	return h.tls, h.generation
}

// any reports whether there are files.
func (f *certificates) any() bool { return f.config.CAFile != "" || f.config.ClientCert != "" }

// reload reads the files again. While they cannot be used, which one sees in
// the middle of a rotation, what was read before stays. One goroutine calls it.
func (f *certificates) reload() {
	next, err := f.read()
	old := f.held.Load()
	if err != nil {
		if text := []byte(err.Error()); !bytes.Equal(text, f.bad) {
			f.bad = text
			f.logger.Warn("changed certificates cannot be used, the old ones stay", "error", err)
		}
		return
	}
	f.bad = nil
	if bytes.Equal(next.ca, old.ca) && bytes.Equal(next.cert, old.cert) && bytes.Equal(next.key, old.key) {
		return
	}
	next.generation = old.generation + 1
	f.held.Store(next)
	f.logger.Info("changed certificates are in use")
}

func (f *certificates) read() (*heldFiles, error) {
	h := &heldFiles{tls: &tls.Config{
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: f.config.TLSSkipVerify,
		ServerName:         f.config.TLSServerName,
	}}
	var err error
	if f.config.CAFile != "" {
		if h.ca, err = os.ReadFile(f.config.CAFile); err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		h.tls.RootCAs = x509.NewCertPool()
		if !h.tls.RootCAs.AppendCertsFromPEM(h.ca) {
			return nil, fmt.Errorf("read ca_file %s: it holds no certificate in PEM", f.config.CAFile)
		}
	}
	if (f.config.ClientCert == "") != (f.config.ClientKey == "") {
		return nil, errors.New("client_cert and client_key must be set together")
	}
	if f.config.ClientCert == "" {
		return h, nil
	}
	if h.cert, err = os.ReadFile(f.config.ClientCert); err != nil {
		return nil, fmt.Errorf("read client_cert: %w", err)
	}
	if h.key, err = os.ReadFile(f.config.ClientKey); err != nil {
		return nil, fmt.Errorf("read client_key: %w", err)
	}
	pair, err := tls.X509KeyPair(h.cert, h.key)
	if err != nil {
		return nil, fmt.Errorf("read client_cert and client_key: %w", err)
	}
	// Given to every server that asks: one that wants another authority's
	// then says so, while one that gets none says only that it is missing.
	h.tls.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	return h, nil
}
