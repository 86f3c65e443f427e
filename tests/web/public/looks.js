// Looks at a public page as a person with sharp eyes would, and lists what is wrong with it.
() => {
  const wrong = [];
  const told = (element) => `${element.tagName.toLowerCase()}.${element.className} "${(element.textContent || element.value || '').trim().slice(0, 30)}"`;
  const isShown = (element) => element.checkVisibility({ visibilityProperty: true, opacityProperty: true })
    && !element.closest('.trap') && element.type !== 'hidden';
  const parts = (colour) => {
    const [red, green, blue, alpha = 1] = colour.match(/[\d.]+/g).map(Number);
    return { rgb: [red, green, blue], alpha };
  };
  const luminance = (rgb) => rgb.map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4))
    .reduce((sum, part, index) => sum + part * [0.2126, 0.7152, 0.0722][index], 0);
  const contrast = (one, other) => {
    const [darker, lighter] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (lighter + 0.05) / (darker + 0.05);
  };
  const behind = (element) => {
    for (let each = element; each; each = each.parentElement) {
      const { rgb, alpha } = parts(getComputedStyle(each).backgroundColor);
      if (alpha === 1) return rgb;
    }
    return [255, 255, 255];
  };

  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`wider than the window: ${document.documentElement.scrollWidth}`);
  for (const element of document.body.querySelectorAll('*')) {
    if (!isShown(element)) continue;
    const box = element.getBoundingClientRect();
    if (box.width && (box.left < -0.5 || box.right > innerWidth + 0.5)) wrong.push(`out of the window: ${told(element)}`);
    if (element.scrollWidth > element.clientWidth + 1 && element.clientWidth && !['INPUT', 'SELECT'].includes(element.tagName)) {
      wrong.push(`text over its edge: ${told(element)}`);
    }
    if (element.scrollHeight > element.clientHeight + 1 && getComputedStyle(element).overflowY !== 'visible' && !['INPUT', 'SELECT'].includes(element.tagName)) {
      wrong.push(`text cut off: ${told(element)}`);
    }
  }

  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !isShown(element)) continue;
    const found = contrast(parts(getComputedStyle(element).color).rgb, behind(element));
    if (found < 4.5) wrong.push(`contrast ${found.toFixed(2)}: ${told(element)}`);
  }
  for (const element of document.querySelectorAll('input, select, button, .button')) {
    if (!isShown(element)) continue;
    const style = getComputedStyle(element);
    if (element.type === 'checkbox') continue;
    const found = contrast(parts(style.borderTopColor).rgb, behind(element.parentElement));
    if (found < 3 || parseFloat(style.borderTopWidth) < 1) wrong.push(`edge ${found.toFixed(2)}: ${told(element)}`);
  }

  for (const element of document.querySelectorAll('a[href], button, input, select')) {
    if (!isShown(element)) continue;
    const target = element.closest('label') || element;
    const box = target.getBoundingClientRect();
    const isInText = element.tagName === 'A' && element.matches('p a, .faults a') && !element.matches('.button');
    if (!isInText && (box.height < 43.99 || box.width < 43.99)) wrong.push(`small, ${box.width.toFixed(0)} × ${box.height.toFixed(0)}: ${told(element)}`);
    const name = element.labels?.length ? [...element.labels].map((each) => each.textContent).join(' ') : element.textContent || element.querySelector('img')?.alt;
    if (!name?.trim()) wrong.push(`nameless: ${told(element)}`);
    for (const attribute of ['aria-describedby', 'aria-labelledby']) {
      for (const id of (element.getAttribute(attribute) || '').split(' ').filter(Boolean)) {
        if (!document.getElementById(id)) wrong.push(`described by nothing: ${id}`);
      }
    }
  }
  for (const image of document.images) if (!image.hasAttribute('alt')) wrong.push('an image without words');
  return [...new Set(wrong)];
}
