/** 看诊之后，患者可以向档案提出的请求。 */

export const copies = {
  copies: {
    title: "本次看诊的录像",
    body: "您可以申请一份复制件，或请医院删除。",
    askCopy: "申请复制件",
    askErasure: "申请删除",
    answers: {
      open: "已提出申请，医院会在这里答复。",
      granted: "已同意。",
      refused: "未同意。",
    } as Record<string, string>,
  },
};
