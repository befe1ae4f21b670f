import type { Texts } from "../en";

export const triage: Pick<Texts, "invited" | "invite" | "triage"> = {
  invited: {
    title: (n) => `已邀请 ${n} 人`,
    make: "邀请患者",
    short: "邀请",
    when: (day, time) => `${day} ${time}`,
    today: "今天",
    tomorrow: "明天",
    anyTime: "时间不限",
    until: (day, time) => `链接 ${day} ${time} 前有效`,
    again: "新链接",
    revoke: "收回",
    revokeTitle: (name) => `收回对${name}的邀请吗？`,
    revokeBody: "链接随即失效，系统不会通知患者。",
    revokeNo: "保留",
  },

  invite: {
    title: "邀请患者",
    name: "姓名",
    nameMissing: "请填写患者姓名。",
    birthYear: "出生年份",
    birthYearWrong: "请填年份，例如 1948。",
    email: "电子邮箱",
    emailHint: "链接会寄到这里；不填就由您自己转交。",
    emailWrong: "这不像一个邮箱地址。",
    department: "科室",
    when: "时间",
    whenHint: "不填，患者可以随时来。",
    whenPast: "这个时间已经过了。",
    reason: "就诊原因",
    reasonHint: "患者能看到并可修改，不会写进邮件。",
    language: "邮件语言",
    make: "生成链接",
    making: "正在生成……",
    cancel: "取消",
    madeTitle: (name) => `${name}的链接`,
    mailed: (address) => `邮件正寄往 ${address}。`,
    notMailed: "没有寄出邮件。请把链接交给患者，或让患者扫码。",
    link: "链接",
    qr: "链接的二维码，供患者用手机扫",
    once: (day, time) => `${day} ${time} 前有效，只显示这一次。`,
    done: "完成",
    another: "再邀请一位",
  },

  triage: {
    title: "分诊",
    heading: (n) => (n === 0 ? "无人候诊" : `${n} 位患者候诊`),
    loads: "各科室现况",
    loadsSentence: (waiting, longest) =>
      waiting === 0
        ? "各科室都无人候诊。"
        : longest < 1
          ? `${waiting} 人候诊，都刚到。`
          : `${waiting} 人候诊，最长已等 ${longest} 分钟。`,
    department: "科室",
    waiting: "候诊",
    longest: "最长等待",
    doctors: "在岗医生",
    doctorsTitle: (n) => `在岗医生 ${n} 位`,
    noDoctors: "没有医生在岗。",
    doctorState: { free: "空闲", offered: "正在派诊", in_call: "看诊中", away: "未连接" },
    priorityOf: (name) => `${name}的优先级`,
    setTo: (name, priority) => `${name}：${priority}`,
    pick: "在列表里选一位患者：方向键移动，1、2、3 设定优先级。",
    nobody: "有患者来时，列表会自动出现。",
    nobodyOnDuty: "无人",
  },
};
