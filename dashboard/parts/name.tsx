import { Fragment } from "react";

/** A metric's or variant's name, which may break after its underscores and dashes, not within a word. */
export function Name({ children }: { children: string }) {
  return children.split(/(?<=[_\-.])(?=[^_\-.])/).map((word, index) => (
    <Fragment key={index}>{index > 0 && <wbr />}{word}</Fragment>
  ));
}
