// Judges chains with crypto/x509. A line of standard input is a leaf, an intermediate and a root in Base64, with blanks between; the
// answer to it is a line of standard output: yes or no, and why not.
package main

import (
	"bufio"
	"crypto/x509"
	"encoding/base64"
	"fmt"
	"os"
	"strings"
	"time"
)

func judge(line string) error {
	var chain []*x509.Certificate
	for _, text := range strings.Fields(line) {
		der, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return err
		}
		certificate, err := x509.ParseCertificate(der)
		if err != nil {
			return err
		}
		chain = append(chain, certificate)
	}
	roots, intermediates := x509.NewCertPool(), x509.NewCertPool()
	intermediates.AddCert(chain[1])
	roots.AddCert(chain[2])
	_, err := chain[0].Verify(x509.VerifyOptions{
		DNSName:       "a.example.com",
		Roots:         roots,
		Intermediates: intermediates,
		CurrentTime:   time.Date(2030, 6, 1, 0, 0, 0, 0, time.UTC),
	})
	return err
}

func main() {
	lines := bufio.NewScanner(os.Stdin)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		if err := judge(lines.Text()); err != nil {
			fmt.Println("no", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			fmt.Println("yes")
		}
	}
}
