// Puts a chart (a pure function of its width) on the page and redraws it when the width changes.
import { useLayoutEffect, useRef, useState } from "react";

const kWidthBeforeLayout = 480;

export function Chart({ draw, className = "" }: {
  draw: (width: number) => SVGSVGElement;
  className?: string;
}) {
  const holder = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const element = holder.current;
    if (!element) return;
    const measure = () => setWidth(Math.floor(element.clientWidth) || kWidthBeforeLayout);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    if (width > 0) holder.current?.replaceChildren(draw(width));
  }, [draw, width]);
  return <div ref={holder} className={`chart-holder ${className}`} />;
}
