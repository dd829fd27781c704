(() => {
	const counts = new Map();
	let x = 1;
	for (let i = 0; i < 20000; i++) {
		x = (x * 48271) % 2147483647;
		const key = `k${x % 101}`;
		counts.set(key, (counts.get(key) ?? 0) + (x % 10));
	}
	const text = JSON.stringify([...counts].sort().map(([k, v]) => ({ k, v, half: v / 2 })));
	const back = JSON.parse(text);
	const fib = (n) => (n < 2 ? n : fib(n - 1) + fib(n - 2));
	try {
		null.x;
	} catch (e) {
		back.push({ k: e.name, v: fib(18) });
	}
	return text.length + ":" + back.reduce((h, { k, v }) => (h * 31 + v + k.length) % 1000003, 7) + ":" +
		text.replace(/k(\d)/g, "<$1>").slice(0, 40);
})()
