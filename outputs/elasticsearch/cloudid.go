package elasticsearch

import (
	"encoding/base64"
	"errors"
	"net"
	"strings"
)

// parseCloudID reads the id of a deployment in Elastic Cloud, which is
// NAME:BASE64 of "HOST:PORT$ELASTICSEARCH:PORT$KIBANA", the ports being
// optional, and returns the address of its Elasticsearch.
func parseCloudID(id string) (string, error) {
	text := id[strings.LastIndexByte(id, ':')+1:]
	raw, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("its second part is no base64")
	}
	parts := strings.Split(string(raw), "$")
	if len(parts) < 2 || parts[0] == "" || parts[1] == "" {
		return "", errors.New("it names no Elasticsearch")
	}
	host, port := cutPort(parts[0], "443")
	name, port := cutPort(parts[1], port)
	return "https://" + net.JoinHostPort(name+"."+host, port), nil
}

func cutPort(text, otherwise string) (host, port string) {
	host, port, ok := strings.Cut(text, ":")
	if !ok {
		return host, otherwise
	}
	return host, port
}
