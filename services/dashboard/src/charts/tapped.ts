/** An item of a chart that was pressed: its place in its series, and its value. */
export interface Tapped {
  dataIndex: number;
  value?: unknown;
}
