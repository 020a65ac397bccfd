// Writes facts.tsv: quantities as people write them, and as Kubernetes stores them.
//
//	go run . > facts.tsv
package main

import (
	"encoding/json"
	"fmt"
	"math/rand"
	"os"

	"k8s.io/apimachinery/pkg/api/resource"
)

var written = []string{
	"0", "0m", "0Ki", "00", "+1", "1", "1.", ".5", "0.5", "0.50", "1.0", "1.5", "1000m", "1500m", "100m", "2000m", "0.001", "0.0010",
	"1k", "1000", "1000k", "1000000", "12000M", "1024M", "1024", "1024Ki", "1024Mi", "2048Mi", "1536Mi", "0.5Gi", "1.5Gi", "0.1Gi",
	"1000Mi", "1000Ki", "1023", "512Ki", "1Ki", "1.5Ki", "0.5Ki", "1023Ki", "1Ei", "7Ei", "1E", "9E", "1P", "1000T", "1e3", "1E3", "1e2",
	"1e6", "1.5e3", "15e2", "1e0", "1e-3", "100e-3", "5e-1", "12e6", "1000e3", "1e18", "0.5G", "0.5M", "0.5k", "1500k", "123456789",
	"134217728", "128974848", "129e6", "129M", "123Mi", "128974848000m", "1234567Ki", "1048576Ki", "0.25", "2.50", "100.250",
}

func main() {
	random := rand.New(rand.NewSource(1))
	suffixes := []string{"", "m", "k", "M", "G", "T", "Ki", "Mi", "Gi", "Ti", "e3", "E6", "e-3", "e0"}
	seen := map[string]bool{}
	for len(written) < 1000 {
		number := fmt.Sprint(random.Intn(5000))
		if random.Intn(3) == 0 {
			number = fmt.Sprintf("%d.%d", random.Intn(50), random.Intn(1000))
		}
		written = append(written, number+suffixes[random.Intn(len(suffixes))])
	}
	for _, text := range written {
		var quantity resource.Quantity
		if err := json.Unmarshal([]byte(`"`+text+`"`), &quantity); err != nil {
			fmt.Fprintln(os.Stderr, text, err)
			os.Exit(1)
		}
		// What is finer than a thousandth is rounded up on its way to the store, which is more than a spelling.
		rounded := quantity.DeepCopy()
		if !rounded.RoundUp(resource.Milli) || seen[text] {
			continue
		}
		seen[text] = true
		stored, err := json.Marshal(quantity)
		if err != nil {
			fmt.Fprintln(os.Stderr, text, err)
			os.Exit(1)
		}
		fmt.Printf("%s\t%s\n", text, stored[1:len(stored)-1])
	}
}
